-- Credentials that are limited to some teams. A limit ends with the membership, so that it does not return with a new one;
-- "is_limited" stays, so that a limit without teams allows nothing. Constant defaults rewrite no table: the locks are held
-- for a moment only.
ALTER TABLE "api_tokens" ADD COLUMN "is_limited" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "connected_applications" ADD COLUMN "is_limited" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE "credential_teams" (
    "id" UUID NOT NULL,
    "api_token_id" UUID,
    "application_id" UUID,
    "team_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,

    CONSTRAINT "credential_teams_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "credential_teams_of_one" CHECK (num_nonnulls("api_token_id", "application_id") = 1)
);

CREATE UNIQUE INDEX "credential_teams_api_token_id_team_id_key" ON "credential_teams"("api_token_id", "team_id");
CREATE UNIQUE INDEX "credential_teams_application_id_team_id_key" ON "credential_teams"("application_id", "team_id");
CREATE INDEX "credential_teams_team_id_user_id_idx" ON "credential_teams"("team_id", "user_id");

ALTER TABLE "credential_teams" ADD CONSTRAINT "credential_teams_api_token_id_fkey" FOREIGN KEY ("api_token_id") REFERENCES "api_tokens"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "credential_teams" ADD CONSTRAINT "credential_teams_application_id_fkey" FOREIGN KEY ("application_id") REFERENCES "connected_applications"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "credential_teams" ADD CONSTRAINT "credential_teams_team_id_user_id_fkey" FOREIGN KEY ("team_id", "user_id") REFERENCES "memberships"("team_id", "user_id") ON DELETE CASCADE ON UPDATE CASCADE;
