-- An invitation is accepted by the secret of its link, or by an account with a verified address. Invitations from before
-- have no link: a verified address accepts them, or inviting again gives them one. Adding the column takes a lock for a
-- moment; making the index blocks changes of "team_invitations", which is small.
ALTER TABLE "team_invitations" ADD COLUMN "secret_hash" BYTEA;
CREATE UNIQUE INDEX "team_invitations_secret_hash_key" ON "team_invitations" ("secret_hash");

-- The audit trail has verified addresses, too. Making the index blocks writers of "events" for one pass over the table.
DROP INDEX "events_audited";
CREATE INDEX "events_audited" ON "events" ("kind", "sequence", "at") WHERE "kind" IN (
    'access.refused', 'signIn.failed', 'session.started', 'session.ended', 'user.signedUp',
    'apiToken.created', 'apiToken.revoked', 'apiToken.used',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred',
    'password.changed', 'password.resetIssued', 'account.unlocked', 'account.verified');
