-- How far each participant has read. Everything sent before the migration counts as read. A default that is the same for
-- all rows is stored once, so the lock is held for a moment only.
ALTER TABLE "conversation_participants" ADD COLUMN "read_to" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
