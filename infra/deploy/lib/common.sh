# shellcheck shell=bash disable=SC2034 # used by those that read this
# What all scripts here begin with. They need bash 4, the AWS CLI (v1 or v2) with credentials and AWS_REGION, and jq.
# Names follow from the environment's: shop-<environment>-<what infra/topology.json calls it>.

# A failure inside $(…) is a failure.
shopt -s inherit_errexit

topology="$(dirname "${BASH_SOURCE[0]}")/../../topology.json"

# Seconds between two looks at what goes on.
poll_seconds=${RELEASE_POLL_SECONDS:-10}

# What the user should know, beside what a caller reads from stdout.
say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "error: $*"
  exit 1
}

# Stops where something is missing, before anything is changed.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
  done
}

# Fixes `environment`, and the prefix of its names.
choose_environment() {
  [[ ${1:-} =~ ^[a-z][a-z0-9]{1,7}$ ]] || fail "expected an environment, such as dev or prod, not '${1:-}'"
  [ -n "${AWS_REGION:=${AWS_DEFAULT_REGION:-}}" ] || fail 'AWS_REGION is not set'
  export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=''
  environment=$1
  prefix="shop-$environment"
}

# What the platform says about itself; infra/terraform/README.md lists the names.
platform() {
  aws ssm get-parameter --name "/shop/$environment/platform/$1" --query Parameter.Value --output text \
    || fail "no parameter /shop/$environment/platform/$1: has the unit platform been applied, with these credentials and in $AWS_REGION?"
}

functions() {
  jq -r '.functions[].name' "$topology"
}

services() {
  jq -r '.services[].name' "$topology"
}

is_function() {
  functions | grep -qx -- "$1"
}

is_service() {
  services | grep -qx -- "$1"
}

# The zip that a function's code comes in.
program_of() {
  jq -r --arg name "$1" '.functions[] | select(.name == $name).binary' "$topology"
}
