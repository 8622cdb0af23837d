-- An index of a topic says of each event its kind and moment too, so that a few of a kind, or of a day long ago, are
-- found among hundreds of thousands without a look at the others' rows. Each statement takes a lock against writers on
-- "events" for one pass over the table.

DROP INDEX "events_actor_id_team_id_sequence_idx";
CREATE INDEX "events_actor_id_team_id_sequence_kind_at_idx" ON "events"("actor_id", "team_id", "sequence", "kind", "at");

DROP INDEX "events_team_id_sequence_idx";
CREATE INDEX "events_team_id_sequence_kind_at_idx" ON "events"("team_id", "sequence", "kind", "at");

DROP INDEX "events_person_id_team_id_sequence_idx";
CREATE INDEX "events_person_id_team_id_sequence_kind_at_idx" ON "events"("person_id", "team_id", "sequence", "kind", "at");

DROP INDEX "events_audited";
CREATE INDEX "events_audited" ON "events" ("kind", "sequence", "at") WHERE "kind" IN (
    'access.refused', 'signIn.failed', 'session.started', 'session.ended', 'user.signedUp',
    'apiToken.created', 'apiToken.revoked', 'apiToken.used',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred');

-- Only what happens in conversations pays for theirs. That weighs up what the others have become wider by: an event of
-- a task is written with one entry less.
DROP INDEX "events_conversation_id_sequence_idx";
CREATE INDEX "events_of_conversations" ON "events" ("conversation_id", "sequence", "kind", "at")
    WHERE "conversation_id" IS NOT NULL;

-- What these indexes alone can answer hangs on the log being vacuumed soon after it was written.
ALTER TABLE "events" SET (autovacuum_vacuum_insert_scale_factor = 0.02);
