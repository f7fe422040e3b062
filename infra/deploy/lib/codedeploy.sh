# shellcheck shell=bash disable=SC2154 # variables are set by common.sh
# Moves traffic with CodeDeploy. The description of a deployment, `release: <from> -> <to>`, makes CodeDeploy's list the
# release history, which a rollback reads.

# Limit for waiting for a deployment, which includes the canary and the time for which old tasks are kept.
timeout_seconds=${RELEASE_PATIENCE_SECONDS:-5400}

# Prints the deployment of a function or service that is in progress, if any.
running_deployment() {
  aws deploy list-deployments --application-name "$prefix-$1" --deployment-group-name live \
    --include-only-statuses Created Queued InProgress Baking Ready --output json | jq -r '.deployments[0] // empty'
}

# CodeDeploy rejects concurrent deployments of one function or service. This check fails before anything is changed.
refuse_if_running() {
  local id
  id=$(running_deployment "$1")
  [ -z "$id" ] || fail "$1: deployment $id is still in progress. Wait for it, or run infra/deploy/release stop $environment $1"
}

# Starts a deployment and prints its id. `kind` is `release` or `restart`, which alarms stop and roll back, or `rollback`,
# which moves all traffic at once and ignores alarms.
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

# Waits for the end of a deployment. Fails if it did not succeed, in which case CodeDeploy has moved the traffic back.
await_deployment() {
  local name=$1 id=$2 state status reported='' waited=0
  while :; do
    state=$(aws deploy get-deployment --deployment-id "$id" --query deploymentInfo --output json) \
      || { say "$name: $id continues unobserved"; return 1; }
    status=$(jq -r .status <<<"$state")
    [ "$status" = "$reported" ] || say "$name: $id $status"
    reported=$status
    case $status in
      Succeeded) return 0 ;;
      Failed | Stopped)
        say "$name: $(jq -r '.errorInformation.message // "no reason reported"' <<<"$state")"
        say "$name: $(jq -r '.rollbackInfo.rollbackMessage // "nothing was rolled back"' <<<"$state")"
        return 1
        ;;
    esac
    [ "$waited" -lt "$timeout_seconds" ] || fail "$name: $id has not finished after $waited s and continues unobserved"
    sleep "$poll_seconds"
    waited=$((waited + poll_seconds))
  done
}

# Prints the latest deployments of `name` as lines of JSON, newest first.
deployments() {
  local id ids
  ids=$(aws deploy list-deployments --application-name "$prefix-$1" --deployment-group-name live --output json \
    | jq -r '.deployments[:20][]')
  for id in $ids; do
    aws deploy get-deployment --deployment-id "$id" --query deploymentInfo --output json
  done | jq -cs 'sort_by(.createTime) | reverse[] | {id: .deploymentId, at: .createTime, status, description: (.description // "")}'
}

# Prints the version before `live`, from the latest successful release to `live`.
before() {
  local name=$1 live=$2
  deployments "$name" | jq -rs --arg live "$live" '
    [.[] | select(.status == "Succeeded").description
      | capture("^release: (?<from>\\S+) -> (?<to>\\S+)$") | select(.to == $live).from] | first // empty'
}
