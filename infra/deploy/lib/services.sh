# shellcheck shell=bash disable=SC2154 # variables are set by common.sh
# Releases an ECS service by replacing its tasks with tasks of another revision of the task definition.

# Services with a subcommand `migrate`, which runs before their tasks are replaced.
migrating_services='product'

cluster() {
  platform ecs_cluster_name
}

# Prints the service with its network configuration.
describe_service() {
  aws ecs describe-services --cluster "$(cluster)" --services "$prefix-$1" --output json | jq -e '.services[0]' \
    || fail "no service $prefix-$1: has $1 been applied?"
}

# Prints the live revision as <family>:<number>.
service_live() {
  describe_service "$1" \
    | jq -r '(first(.taskSets[]? | select(.status == "PRIMARY")) // .).taskDefinition | split("/")[-1]'
}

# Prints a revision in the form in which it is registered, without the fields that ECS adds.
revision() {
  aws ecs describe-task-definition --task-definition "$1" --query taskDefinition --output json | jq -S '
    del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy, .deregisteredAt)'
}

# Prints the latest revision, which has the settings that Terraform registered last, with the given image.
wanted_revision() {
  local name=$1 digest=$2 image
  image="$(platform "ecr_repository_url_$name")@$digest"
  revision "$prefix-$name" | jq -S --arg image "$image" '(.containerDefinitions[] | select(.name == "service").image) = $image'
}

image_of() {
  jq -r '.containerDefinitions[] | select(.name == "service").image' <<<"$1"
}

# Prints what a release would change, `image` or `settings`, or nothing.
service_change() {
  local name=$1 file=$2 live wanted
  live=$(revision "$(service_live "$name")")
  wanted=$(wanted_revision "$name" "$(image_digest "$file")")
  if [ "$(image_of "$live")" != "$(image_of "$wanted")" ]; then
    echo image
  elif [ "$live" != "$wanted" ]; then
    echo settings
  fi
}

# Registers the revision, runs migrations, and starts to move the traffic. Prints the deployment.
service_release() {
  local name=$1 file=$2 digest wanted from to
  digest=$(push_image "$name" "$file")
  wanted=$(wanted_revision "$name" "$digest")
  from=$(service_live "$name")
  if [ "$(revision "$prefix-$name")" = "$wanted" ]; then
    to=$(aws ecs describe-task-definition --task-definition "$prefix-$name" --query taskDefinition.taskDefinitionArn --output text)
  else
    to=$(aws ecs register-task-definition --cli-input-json "$wanted" --query taskDefinition.taskDefinitionArn --output text)
  fi
  to=${to##*/}
  [ "$to" != "$from" ] || return 0
  if [[ " $migrating_services " == *" $name "* ]]; then
    run_task "$name" "$to" migrate >&2
  fi
  service_shift release "$name" "$from" "$to"
}

service_shift() {
  local kind=$1 name=$2 from=$3 to=$4 port appspec
  say "$name: $from -> $to"
  to=$(aws ecs describe-task-definition --task-definition "$to" --query taskDefinition --output json)
  port=$(jq -r '.containerDefinitions[] | select(.name == "service").portMappings[0].containerPort' <<<"$to")
  appspec=$(jq -cn --arg arn "$(jq -r .taskDefinitionArn <<<"$to")" --argjson port "$port" '{
    version: 0.0,
    Resources: [{TargetService: {Type: "AWS::ECS::Service", Properties: {
      TaskDefinition: $arn, LoadBalancerInfo: {ContainerName: "service", ContainerPort: $port},
    }}}],
  }')
  start_deployment "$kind" "$name" "$from" "$4" "$appspec" ECS
}

# Runs a subcommand of the image as a separate task with the network and the roles of the service, waits for it, and prints
# its log. Fails if the task fails.
run_task() {
  local name=$1 taskdef=$2 cluster network overrides started arn task code
  shift 2
  cluster=$(cluster)
  network=$(describe_service "$name" \
    | jq -c '{awsvpcConfiguration: ((first(.taskSets[]? | select(.status == "PRIMARY")) // .).networkConfiguration // .networkConfiguration).awsvpcConfiguration}')
  overrides=$(jq -cn '{containerOverrides: [{name: "service", command: $ARGS.positional}]}' --args -- "$@")
  say "$name: running task $1 of $taskdef"
  started=$(aws ecs run-task --cluster "$cluster" --task-definition "$taskdef" --launch-type FARGATE --count 1 \
    --network-configuration "$network" --overrides "$overrides" --started-by infra/deploy --output json)
  arn=$(jq -r '.tasks[0].taskArn // empty' <<<"$started")
  [ -n "$arn" ] || fail "$name: ECS did not start the task: $(jq -c .failures <<<"$started")"
  # `aws ecs wait` times out after ten minutes, but a migration may take longer.
  while :; do
    task=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$arn" --output json | jq '.tasks[0]')
    [ "$(jq -r .lastStatus <<<"$task")" != STOPPED ] || break
    sleep "$poll_seconds"
  done
  aws logs get-log-events --log-group-name "/shop/$prefix-$name" --log-stream-name "service/service/${arn##*/}" \
    --start-from-head --query 'events[].message' --output text 2>/dev/null | tr '\t' '\n' || say "$name: no log of the task found"
  code=$(jq -r '.containers[] | select(.name == "service").exitCode // "none"' <<<"$task")
  [ "$code" = 0 ] || fail "$name: the task failed with exit code $code: $(jq -r '.stoppedReason // ""' <<<"$task")"
}
