-- Everything that a request needs of the shares that a person has received is in this index, in the order of their tasks:
-- tasks are joined to it, and shares are counted in it, without a look at the table. Each statement takes a lock against
-- writers on "task_shares" for one pass over the table.
DROP INDEX "task_shares_shared_with_id_idx";
CREATE INDEX "task_shares_shared_with_id_task_id_permission_expires_at_idx"
    ON "task_shares"("shared_with_id", "task_id", "permission", "expires_at");

-- The next share of a person to expire.
CREATE INDEX "task_shares_expiring" ON "task_shares" ("shared_with_id", "expires_at") WHERE "expires_at" IS NOT NULL;
