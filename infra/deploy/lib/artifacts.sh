# shellcheck shell=bash
# What a build made (infra/deploy/build): `<program>.zip` for each function's program, `<service>.tar` for each service's
# image, an OCI archive. What they are is told by their bits: the SHA-256 of a zip as Lambda tells it, the digest of an image.

zip_hash() {
  openssl dgst -sha256 -binary "$1" | base64
}

image_digest() {
  tar -xOf "$1" index.json | jq -re '.manifests | if length == 1 then .[0].digest else error("one image expected") end'
}

# Puts the zip of `program` where functions take their code from, unless it is there, and prints its version.
push_zip() {
  local program=$1 file=$2 bucket hash present
  bucket=$(platform artifacts_bucket)
  hash=$(zip_hash "$file")
  present=$(aws s3api head-object --bucket "$bucket" --key "functions/$program.zip" --output json 2>/dev/null || echo '{}')
  if [ "$(jq -r '.Metadata.sha256 // ""' <<<"$present")" = "$hash" ]; then
    jq -r .VersionId <<<"$present"
    return
  fi
  say "$program.zip: put into $bucket"
  aws s3api put-object --bucket "$bucket" --key "functions/$program.zip" --body "$file" --metadata "sha256=$hash" \
    --query VersionId --output text
}

# Puts the image of `service` into its repository, unless it is there, and prints its digest. The digest is the build's:
# the same in each environment.
push_image() {
  local service=$1 file=$2 repository digest
  repository=$(platform "ecr_repository_url_$service")
  digest=$(image_digest "$file")
  if ! aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageDigest=$digest" >/dev/null 2>&1; then
    need skopeo
    say "$service: $digest put into $repository"
    aws ecr get-login-password | skopeo login --username AWS --password-stdin "${repository%%/*}" >&2
    # Tags are immutable, and what has none is swept away: the tag is the digest once more.
    skopeo copy --preserve-digests "oci-archive:$file" "docker://$repository:${digest/:/-}" >&2
  fi
  printf '%s\n' "$digest"
}
