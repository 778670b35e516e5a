// The system's key ring for the passwords that the engine keeps; null where there is none that is worth the name.
import { safeStorage } from 'electron';
import type { SecretSealer } from '../core/engine/secret-file.ts';

/** Call it when the app is ready. */
export function createKeyRing(): SecretSealer | null {
  if (!safeStorage?.isEncryptionAvailable()) return null;
  // Without a key ring Linux seals under a password that is known to everyone.
  if (process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text') return null;
  return {
    seal: (text) => safeStorage.encryptString(text).toString('base64'),
    open: (sealed) => safeStorage.decryptString(Buffer.from(sealed, 'base64')),
  };
}
