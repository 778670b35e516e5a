// What the engine says for a log file; pino fits as it is.

export interface Logger {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
