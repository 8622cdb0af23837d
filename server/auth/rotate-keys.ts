import { symmetricDecrypt } from 'better-auth/crypto';
import type { Database } from '../database/client.ts';
import { SecretOfOthers } from '../database/start-failure.ts';
import { LOG_READER } from '../log/tail.ts';

/**
 * Deletes signing keys that were encrypted with another secret, since they prevent sign-in. Their tokens become
 * invalid.
 * @returns the number of deleted keys.
 * @throws SecretOfOthers if other servers are running, which may use that secret.
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
