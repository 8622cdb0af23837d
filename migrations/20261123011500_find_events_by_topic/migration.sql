-- What a person did, or was concerned by, outside of all teams is read in the order of the log, however much they did in
-- teams. Each statement takes a lock against writers on "events" for one pass over the table.
DROP INDEX "events_actor_id_sequence_idx";
DROP INDEX "events_person_id_sequence_idx";
CREATE INDEX "events_actor_id_team_id_sequence_idx" ON "events"("actor_id", "team_id", "sequence");
CREATE INDEX "events_person_id_team_id_sequence_idx" ON "events"("person_id", "team_id", "sequence");

-- What concerns a person also where they are not in the team: the kinds are those of PERSONAL in server/policy.ts
CREATE INDEX "events_personal" ON "events" ("person_id", "sequence") WHERE "kind" IN (
    'task.shared', 'task.shareUpdated', 'task.shareRevoked',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred',
    'team.deleted');
