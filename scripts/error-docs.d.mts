// Types of error-docs.mjs for its test.
export function errorDocument(): string;
