# shellcheck shell=bash disable=SC2154 # variables are set by common.sh
# Releases a Lambda function by moving its alias `live` to another version.

function_live() {
  aws lambda get-alias --function-name "$prefix-$1" --name live --query FunctionVersion --output text
}

# Prints what a release would change, `code` or `settings`, or nothing.
function_change() {
  local name=$1 zip=$2 live newest hash
  live=$(aws lambda get-function-configuration --function-name "$prefix-$name" --qualifier live --output json)
  newest=$(aws lambda get-function-configuration --function-name "$prefix-$name" --output json)
  hash=$(zip_hash "$zip")
  if [ "$(jq -r .CodeSha256 <<<"$live")" != "$hash" ]; then
    echo code
  elif ! jq -en --argjson live "$live" --argjson newest "$newest" "$same_function_settings" >/dev/null; then
    echo settings
  fi
}

# Compares the settings that Terraform manages and a version preserves.
# shellcheck disable=SC2016 # jq's variables, not the shell's
same_function_settings='
  def settings: {
    Role, Handler, Runtime, Timeout, MemorySize, Architectures, KMSKeyArn,
    Environment: (.Environment.Variables // {}), TracingConfig, LoggingConfig, Layers: [.Layers[]?.Arn],
  };
  ($live | settings) == ($newest | settings)'

# Publishes a version with the code of `zip` and the current settings, and starts to move the alias. Prints the deployment.
function_release() {
  local name=$1 zip=$2 function="$prefix-$1" program version bucket hash config to from
  program=$(program_of "$name")
  hash=$(zip_hash "$zip")
  config=$(aws lambda get-function-configuration --function-name "$function" --output json)
  if [ "$(jq -r .CodeSha256 <<<"$config")" != "$hash" ]; then
    bucket=$(platform artifacts_bucket)
    version=$(push_zip "$program" "$zip")
    config=$(aws lambda update-function-code --function-name "$function" --s3-bucket "$bucket" \
      --s3-key "functions/$program.zip" --s3-object-version "$version" --output json)
    [ "$(jq -r .CodeSha256 <<<"$config")" = "$hash" ] || fail "$name: the code in Lambda differs from $zip"
    aws lambda wait function-updated --function-name "$function"
  fi
  # If nothing has changed, Lambda returns the existing version instead of publishing one.
  to=$(aws lambda publish-version --function-name "$function" --code-sha256 "$hash" --query Version --output text)
  from=$(function_live "$name")
  [ "$to" != "$from" ] || return 0
  function_shift release "$name" "$from" "$to"
}

function_shift() {
  local kind=$1 name=$2 from=$3 to=$4 appspec
  say "$name: version $from -> $to"
  appspec=$(jq -cn --arg name "$prefix-$name" --arg from "$from" --arg to "$to" '{
    version: 0.0,
    Resources: [{($name): {Type: "AWS::Lambda::Function", Properties: {Name: $name, Alias: "live", CurrentVersion: $from, TargetVersion: $to}}}],
  }')
  start_deployment "$kind" "$name" "$from" "$to" "$appspec" Lambda
}
