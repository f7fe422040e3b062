# shellcheck shell=bash disable=SC2034 # variables are used by the scripts that source this file
# Common functions of the scripts. They require bash 4, the AWS CLI (v1 or v2) with credentials and AWS_REGION, and jq.
# Resource names are shop-<environment>-<name in infra/topology.json>.

# Makes `set -e` apply inside $(…).
shopt -s inherit_errexit

topology="$(dirname "${BASH_SOURCE[0]}")/../../topology.json"

# Polling interval in seconds.
poll_seconds=${RELEASE_POLL_SECONDS:-10}

# Prints a message for the operator to stderr. stdout is reserved for results.
say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "error: $*"
  exit 1
}

# Fails if a tool is missing, before anything is changed.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
  done
}

# Sets `environment` and `prefix`.
choose_environment() {
  [[ ${1:-} =~ ^[a-z][a-z0-9]{1,7}$ ]] || fail "expected an environment such as dev or prod, not '${1:-}'"
  [ -n "${AWS_REGION:=${AWS_DEFAULT_REGION:-}}" ] || fail 'AWS_REGION is not set'
  export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=''
  environment=$1
  prefix="shop-$environment"
}

# Prints a parameter that the platform publishes. infra/terraform/README.md lists the names.
platform() {
  aws ssm get-parameter --name "/shop/$environment/platform/$1" --query Parameter.Value --output text \
    || fail "no parameter /shop/$environment/platform/$1: has platform been applied with these credentials in $AWS_REGION?"
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

# Prints the program of a function, which names its zip.
program_of() {
  jq -r --arg name "$1" '.functions[] | select(.name == $name).binary' "$topology"
}
