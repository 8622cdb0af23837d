#!/bin/sh
# Once, in an empty volume: the servers' role, which is no superuser, and its database, in the order that the embedded
# one sorts in. CREATEDB is for backups: they are verified in, and restored into, a new database.
set -eu
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv password DATABASE_PASSWORD
CREATE ROLE taskwire LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE taskwire OWNER taskwire TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'und';
SQL
