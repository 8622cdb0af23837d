-- Nothing shows a person's image, and the auth library took one of any length at sign-up. The column stays, empty, for
-- servers of the version before read it during an upgrade. Each statement takes an exclusive lock for a moment; the
-- constraint reads "users" once.
UPDATE "users" SET "image" = NULL WHERE "image" IS NOT NULL;
ALTER TABLE "users" ADD CONSTRAINT "users_have_no_image" CHECK ("image" IS NULL);

-- Failed sign-ins since the last successful one, and when an operator last lifted the account's limits.
ALTER TABLE "accounts"
    ADD COLUMN "failed_sign_ins" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "unlocked_at" TIMESTAMPTZ(3);

-- The audit trail has the changes of passwords and the operator's commands, too. Making the index takes a lock against
-- writers on "events" for one pass over the table.
DROP INDEX "events_audited";
CREATE INDEX "events_audited" ON "events" ("kind", "sequence", "at") WHERE "kind" IN (
    'access.refused', 'signIn.failed', 'session.started', 'session.ended', 'user.signedUp',
    'apiToken.created', 'apiToken.revoked', 'apiToken.used',
    'team.memberJoined', 'team.roleChanged', 'team.memberRemoved', 'team.memberLeft', 'team.ownershipTransferred',
    'password.changed', 'password.resetIssued', 'account.unlocked');
