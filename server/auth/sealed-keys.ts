import { symmetricDecrypt } from 'better-auth/crypto';
import type { Database } from '../database/client.ts';

/**
 * Removes the keys that sign people's tokens where another secret has sealed them: nobody could open them, and so nobody
 * sign in. Tokens end with their key, as cookies do with the secret.
 * @returns how many it has removed.
 */
export async function removeKeysOfOtherSecret(db: Database, secret: string): Promise<number> {
  const keys = await db.jwks.findMany({ select: { id: true, privateKey: true } });
  const lost: string[] = [];
  for (const { id, privateKey } of keys) {
    const data = JSON.parse(privateKey) as string;
    await symmetricDecrypt({ key: secret, data }).catch(() => lost.push(id));
  }
  if (lost.length === 0) return 0;
  return (await db.jwks.deleteMany({ where: { id: { in: lost } } })).count;
}
