-- Positions of earlier versions can be too long for the indexes of the next migration. It is a migration of its own, since
-- an index also has the rows that its own transaction replaced. Positions that become equal are made different by the next
-- move. Locks the changed rows, which are few if any.
UPDATE "tasks" SET "position" = left("position", 2000) WHERE length("position") > 2000;
