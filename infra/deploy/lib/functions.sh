# shellcheck shell=bash disable=SC2154 # common.sh sets what is not set here
# Releasing a Lambda function: its alias `live` is moved to another version.

function_live() {
  aws lambda get-alias --function-name "$prefix-$1" --name live --query FunctionVersion --output text
}

# Is another version live than the newest code and settings would make? Prints what would change, or nothing.
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

# What Terraform sets, and a version keeps.
# shellcheck disable=SC2016 # jq's variables, not the shell's
same_function_settings='
  def settings: {
    Role, Handler, Runtime, Timeout, MemorySize, Architectures, KMSKeyArn,
    Environment: (.Environment.Variables // {}), TracingConfig, LoggingConfig, Layers: [.Layers[]?.Arn],
  };
  ($live | settings) == ($newest | settings)'

# Publishes a version with the code of `zip` and the settings of now, and starts to move the alias. Prints the deployment.
function_release() {
  local name=$1 zip=$2 function="$prefix-$1" program version bucket hash answer to from
  program=$(program_of "$name")
  hash=$(zip_hash "$zip")
  answer=$(aws lambda get-function-configuration --function-name "$function" --output json)
  if [ "$(jq -r .CodeSha256 <<<"$answer")" != "$hash" ]; then
    bucket=$(platform artifacts_bucket)
    version=$(push_zip "$program" "$zip")
    answer=$(aws lambda update-function-code --function-name "$function" --s3-bucket "$bucket" \
      --s3-key "functions/$program.zip" --s3-object-version "$version" --output json)
    [ "$(jq -r .CodeSha256 <<<"$answer")" = "$hash" ] || fail "$name: Lambda took other code than $zip"
    aws lambda wait function-updated --function-name "$function"
  fi
  # Lambda publishes nothing where nothing changed, and answers with the version that is there.
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
