# python3 python.py, with a token in TASKWIRE_TOKEN. Needs no packages.
import json
import os
import urllib.error
import urllib.request

API = os.environ.get("TASKWIRE_URL", "http://127.0.0.1:4000") + "/graphql"


def ask(query, **variables):
    request = urllib.request.Request(
        API,
        data=json.dumps({"query": query, "variables": variables}).encode(),
        headers={
            "content-type": "application/json",
            "authorization": "Bearer " + os.environ["TASKWIRE_TOKEN"],
        },
    )
    try:
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:  # 401 and 503 have the same form
        answer = json.load(error)
    if "errors" in answer:
        error = answer["errors"][0]
        raise RuntimeError(f"{error['extensions']['code']}: {error['message']}")
    return answer["data"]


task = ask(
    "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id version } } }",
    input={"title": "Water the plants", "priority": "HIGH"},
)["createTask"]["task"]

# With its version, the edit fails with CONFLICT instead of overwriting a concurrent change.
ask(
    "mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { task { version } } }",
    input={"id": task["id"], "version": task["version"], "labels": ["garden"]},
)
print(ask("{ dashboard { statistics { total pending completed shared } } }"))
