-- A promoted standby or an older copy of the data gives lost transaction ids and sequence numbers out again. A cursor
-- and an event's id carry the nonce, so that they name one event only; the timeline says where a standby was promoted.

-- In two steps, so that no row is written: the lock is held for a moment, and events from before have no nonce.
ALTER TABLE "events" ADD COLUMN "nonce" INTEGER;
ALTER TABLE "events" ALTER COLUMN "nonce" SET DEFAULT (random() * 2147483647)::integer;

-- Null on a read-only standby, and where a provider allows no role to read it.
CREATE FUNCTION "log_timeline"() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF pg_is_in_recovery() THEN RETURN NULL; END IF;
    RETURN left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;

ALTER TABLE "event_log" ADD COLUMN "timeline" TEXT;
UPDATE "event_log" SET "timeline" = "log_timeline"();
