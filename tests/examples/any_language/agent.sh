#!/bin/sh
# An agent's conversation against llm-mockserver, with nothing but curl and jq.
#
#     MOCKSERVER_URL=http://127.0.0.1:8089 ./agent.sh some-session
#
# It begins a session with a scenario of its own, so that any number of these run side by side on
# one server; it holds the conversation, verifies what the server saw, and ends the session.
set -eu

url=${MOCKSERVER_URL:-http://127.0.0.1:8089}
session=$1
here=$(dirname "$0")

# Sends a request to the control API: method, path, and the body on standard input.
control() {
  curl --silent --show-error --fail-with-body --noproxy '*' --request "$1" "$url/_mock$2" \
    --header 'content-type: application/json' --header "x-mock-token: ${MOCKSERVER_TOKEN:-}" \
    --data-binary @-
}

# Asks the model; the messages come on standard input, its own message goes out.
ask() {
  jq '{model: "gpt-4o", messages: ., tools: [
        {type: "function", function: {name: "get_weather"}},
        {type: "function", function: {name: "book_trip"}}]}' |
    curl --silent --show-error --fail-with-body --noproxy '*' "$url/s/$session/v1/chat/completions" \
      --header 'content-type: application/json' --header 'authorization: Bearer sk-mock' \
      --data-binary @- |
    jq --compact-output '.choices[0].message'
}

jq --arg name "$session" '{name: $name, strict: true, scenario: .}' "$here/trip.json" |
  control POST /sessions >/dev/null

messages='[{"role": "user", "content": "Book me a trip to Paris."}]'
while :; do
  answer=$(printf %s "$messages" | ask)
  call=$(printf %s "$answer" | jq --compact-output '.tool_calls[0] // empty')
  [ -n "$call" ] || break
  case $(printf %s "$call" | jq --raw-output .function.name) in
    get_weather) result='sunny, 18 degrees' ;;
    book_trip) result='booked' ;;
    *) echo "an unknown tool: $call" >&2; exit 1 ;;
  esac
  messages=$(printf %s "$messages" | jq --argjson answer "$answer" --argjson call "$call" \
    --arg result "$result" '. + [$answer, {role: "tool", tool_call_id: $call.id, content: $result}]')
done
printf %s "$answer" | jq --exit-status '.content == "Booked: Paris on Friday."' >/dev/null

# What did the server see? Exactly one call after each of the tools, and nothing unanswered.
for tool in get_weather book_trip; do
  verified=$(printf '{"when": {"after_tool": "%s"}, "calls": 1}' "$tool" |
    control POST "/sessions/$session/verify")
  printf %s "$verified" | jq --exit-status .holds >/dev/null || {
    printf %s "$verified" | jq --raw-output .message >&2
    exit 1
  }
done
control DELETE "/sessions/$session" </dev/null |
  jq --exit-status '.calls == 3 and .unmatched == 0 and .unused == []' >/dev/null
echo "$session: booked"
