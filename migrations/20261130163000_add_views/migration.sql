-- Kept selections of tasks. The table is new, so its constraints check no rows, and writers of "users" and "teams" wait for
-- a moment only.

-- CreateTable
CREATE TABLE "views" (
    "id" UUID NOT NULL,
    "owner_id" UUID,
    "team_id" UUID,
    "name" TEXT NOT NULL,
    "filter_text" TEXT NOT NULL,
    "order_field" TEXT NOT NULL,
    "order_direction" TEXT NOT NULL,
    "group_by" TEXT,
    "layout" TEXT NOT NULL,
    "position" TEXT COLLATE "C" NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "views_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "views_owner_id_position_id_idx" ON "views"("owner_id", "position", "id");

-- CreateIndex
CREATE INDEX "views_team_id_position_id_idx" ON "views"("team_id", "position", "id");

-- AddForeignKey
ALTER TABLE "views" ADD CONSTRAINT "views_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "views" ADD CONSTRAINT "views_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "teams"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "views"
    ADD CONSTRAINT "views_of_one" CHECK (num_nonnulls("owner_id", "team_id") = 1),
    ADD CONSTRAINT "views_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    ADD CONSTRAINT "views_filter_text_length" CHECK (char_length("filter_text") <= 1000),
    ADD CONSTRAINT "views_order_direction" CHECK ("order_direction" IN ('asc', 'desc')),
    ADD CONSTRAINT "views_layout" CHECK ("layout" IN ('LIST', 'BOARD', 'CALENDAR', 'TABLE')),
    ADD CONSTRAINT "views_group_by" CHECK ("group_by" IN ('STATUS', 'PRIORITY', 'ASSIGNEE', 'LABEL', 'DUE_WEEK'));
