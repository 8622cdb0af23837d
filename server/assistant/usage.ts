import type { Database } from '../database/client.ts';

/** More than any model reports for one step; also what an endpoint with nonsense can add. */
const MOST_AT_ONCE = 1_000_000;
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of the person on the current day (UTC). */
export async function tokensToday(db: Database, userId: string): Promise<number> {
  const [row] = await db.$queryRaw<{ tokens: bigint }[]>`
    /* tokensToday */
    SELECT tokens FROM assistant_usage WHERE user_id = ${userId}::uuid AND day = (now() AT TIME ZONE 'UTC')::date`;
  return Number(row?.tokens ?? 0);
}

export async function addTokens(db: Database, userId: string, tokens: number): Promise<void> {
  await db.$executeRaw`
    /* addTokens */
    INSERT INTO assistant_usage AS known (user_id, day, tokens)
    VALUES (${userId}::uuid, (now() AT TIME ZONE 'UTC')::date, ${tokens}::bigint)
    ON CONFLICT (user_id) DO UPDATE SET day = excluded.day,
      tokens = CASE WHEN known.day = excluded.day THEN known.tokens + excluded.tokens ELSE excluded.tokens END`;
}

/** What the endpoint reports, or an estimate if it reports nothing usable. */
export function tokensOf(reported: number | undefined, characters: number): number {
  const estimate = Math.ceil(characters / CHARACTERS_PER_TOKEN);
  const tokens = reported !== undefined && Number.isFinite(reported) && reported > 0 ? reported : estimate;
  return Math.min(Math.ceil(tokens), MOST_AT_ONCE);
}
