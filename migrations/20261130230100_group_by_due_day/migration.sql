-- Allows one more value of "group_by". The constraint is checked for all views, of which there are few.
ALTER TABLE "views"
    DROP CONSTRAINT "views_group_by",
    ADD CONSTRAINT "views_group_by" CHECK ("group_by" IN ('STATUS', 'PRIORITY', 'ASSIGNEE', 'LABEL', 'DUE_WEEK', 'DUE_DAY'));
