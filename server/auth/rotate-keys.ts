import { symmetricDecrypt } from 'better-auth/crypto';
import type { Database } from '../database/client.ts';
import { SecretOfOthers } from '../database/start-failure.ts';
import { LOG_READER } from '../log/tail.ts';

/**
 * Removes the keys that sign people's tokens where another secret has sealed them: nobody could open them, and so nobody
 * sign in. Tokens end with their key, as cookies do with the secret.
 * @returns how many it has removed.
 * @throws SecretOfOthers where servers run that may have that secret, and people who are signed in to them.
 */
export async function removeKeysOfOtherSecret(db: Database, secret: string): Promise<number> {
  const keys = await db.jwks.findMany({ select: { id: true, privateKey: true } });
  const lost: string[] = [];
  for (const { id, privateKey } of keys) {
    const data = JSON.parse(privateKey) as string;
    await symmetricDecrypt({ key: secret, data }).catch(() => lost.push(id));
  }
  if (lost.length === 0) return 0;
  const others = await db.$queryRaw<object[]>`
    /* otherServers */
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = ${LOG_READER}`;
  if (others.length > 0) throw new SecretOfOthers();
  return (await db.jwks.deleteMany({ where: { id: { in: lost } } })).count;
}
