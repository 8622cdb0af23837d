#!/bin/sh
# Creates an account, an API token and a task, and reads the statistics of the dashboard.
set -eu
api="${TASKWIRE_URL:-http://127.0.0.1:4000}/graphql"

# ask CREDENTIAL BODY
ask() {
  curl -sS "$api" -H 'content-type: application/json' -H "authorization: Bearer $1" -d "$2"
}
value() {
  sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"
}

session=$(curl -sS "$api" -H 'content-type: application/json' -d '{
  "query": "mutation ($input: SignUpInput!) { signUp(input: $input) { token } }",
  "variables": { "input": { "name": "Grace", "email": "grace@example.com", "password": "correct horse battery" } }
}' | value token)

token=$(ask "$session" '{
  "query": "mutation { createApiToken(input: { name: \"My script\", scopes: [READ, WRITE] }) { token } }"
}' | value token)

ask "$token" '{
  "query": "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id title } } }",
  "variables": { "input": { "title": "Water the plants", "priority": "HIGH" } }
}'
echo
ask "$token" '{ "query": "{ dashboard { statistics { total pending completed shared } } }" }'
echo
