# shellcheck shell=bash disable=SC2154 # common.sh sets what is not set here
# Moving traffic. A deployment's description says where it came from and went to, `release: <from> -> <to>`, so that
# CodeDeploy's list is the history of a service, and a rollback finds its way.

# How long a deployment may take until this gives up waiting: a canary, and the time for which old tasks are kept.
patience_seconds=${RELEASE_PATIENCE_SECONDS:-5400}

# The deployment of `name` that is not over yet, or nothing.
running_deployment() {
  aws deploy list-deployments --application-name "$prefix-$1" --deployment-group-name live \
    --include-only-statuses Created Queued InProgress Baking Ready --output json | jq -r '.deployments[0] // empty'
}

# Two releases of one thing at once are refused by CodeDeploy; this refuses before anything is changed.
refuse_if_running() {
  local id
  id=$(running_deployment "$1")
  [ -z "$id" ] || fail "$1: deployment $id is still on its way. Wait for it, or: infra/deploy/release stop $environment $1"
}

# Starts a deployment and prints its id. `kind` is `release` or `restart`, which alarms stop and turn back, or `rollback`:
# at once, and also while the alarms ring that it is to end.
start_deployment() {
  local kind=$1 name=$2 from=$3 to=$4 appspec=$5 compute=$6 revision options=()
  if [ "$kind" = rollback ]; then
    options=(--deployment-config-name "CodeDeployDefault.${compute}AllAtOnce" --override-alarm-configuration '{"enabled": false}')
  elif [ -n "${RELEASE_DESPITE_ALARMS:-}" ]; then
    options=(--override-alarm-configuration '{"enabled": false}')
  fi
  revision=$(jq -cn --arg content "$appspec" '{revisionType: "AppSpecContent", appSpecContent: {content: $content}}')
  aws deploy create-deployment --application-name "$prefix-$name" --deployment-group-name live --revision "$revision" \
    --description "$kind: $from -> $to" "${options[@]}" --query deploymentId --output text
}

# Waits for the end of a deployment; fails if it did not succeed. CodeDeploy has turned the traffic back by then.
await_deployment() {
  local name=$1 id=$2 state status told='' waited=0
  while :; do
    state=$(aws deploy get-deployment --deployment-id "$id" --query deploymentInfo --output json) \
      || { say "$name: $id goes on without being watched"; return 1; }
    status=$(jq -r .status <<<"$state")
    [ "$status" = "$told" ] || say "$name: $id $status"
    told=$status
    case $status in
      Succeeded) return 0 ;;
      Failed | Stopped)
        say "$name: $(jq -r '.errorInformation.message // "no reason given"' <<<"$state")"
        say "$name: $(jq -r '.rollbackInfo.rollbackMessage // "nothing was turned back"' <<<"$state")"
        return 1
        ;;
    esac
    [ "$waited" -lt "$patience_seconds" ] || fail "$name: $id is not over after $waited s; it goes on without being watched"
    sleep "$poll_seconds"
    waited=$((waited + poll_seconds))
  done
}

# The newest deployments of `name` as lines of JSON, the newest first.
deployments() {
  local id ids
  ids=$(aws deploy list-deployments --application-name "$prefix-$1" --deployment-group-name live --output json \
    | jq -r '.deployments[:20][]')
  for id in $ids; do
    aws deploy get-deployment --deployment-id "$id" --query deploymentInfo --output json
  done | jq -cs 'sort_by(.createTime) | reverse[] | {id: .deploymentId, at: .createTime, status, description: (.description // "")}'
}

# What was live before `live` was released: the newest release that succeeded and led there tells.
before() {
  local name=$1 live=$2
  deployments "$name" | jq -rs --arg live "$live" '
    [.[] | select(.status == "Succeeded").description
      | capture("^release: (?<from>\\S+) -> (?<to>\\S+)$") | select(.to == $live).from] | first // empty'
}
