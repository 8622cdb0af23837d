import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** Makes the secret of a link or an API token: 256 random bits as text that fits into an address. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** What is stored of a secret (SHA-256), so that reading the database does not give it away. */
export function hashOfSecret(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(secret).digest());
}
