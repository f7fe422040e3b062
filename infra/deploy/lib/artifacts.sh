# shellcheck shell=bash
# Artifacts of infra/deploy/build: `<program>.zip` for each function's program, and `<service>.tar`, an OCI archive, for each
# service's image. They are identified by content: the SHA-256 of a zip as Lambda reports it, the digest of an image.

zip_hash() {
  openssl dgst -sha256 -binary "$1" | base64
}

image_digest() {
  tar -xOf "$1" index.json | jq -re '.manifests | if length == 1 then .[0].digest else error("one image expected") end'
}

# Uploads the zip of `program` to the artifacts bucket unless it is already there, and prints its object version.
push_zip() {
  local program=$1 file=$2 bucket hash present
  bucket=$(platform artifacts_bucket)
  hash=$(zip_hash "$file")
  present=$(aws s3api head-object --bucket "$bucket" --key "functions/$program.zip" --output json 2>/dev/null || echo '{}')
  if [ "$(jq -r '.Metadata.sha256 // ""' <<<"$present")" = "$hash" ]; then
    jq -r .VersionId <<<"$present"
    return
  fi
  say "$program.zip: uploading to $bucket"
  aws s3api put-object --bucket "$bucket" --key "functions/$program.zip" --body "$file" --metadata "sha256=$hash" \
    --query VersionId --output text
}

# Pushes the image of `service` to its repository unless it is already there, and prints its digest, which is the same in
# each environment.
push_image() {
  local service=$1 file=$2 repository digest
  repository=$(platform "ecr_repository_url_$service")
  digest=$(image_digest "$file")
  if ! aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageDigest=$digest" >/dev/null 2>&1; then
    need skopeo
    say "$service: pushing $digest to $repository"
    aws ecr get-login-password | skopeo login --username AWS --password-stdin "${repository%%/*}" >&2
    # Tags are immutable, and untagged images expire, so the digest also serves as the tag.
    skopeo copy --preserve-digests "oci-archive:$file" "docker://$repository:${digest/:/-}" >&2
  fi
  printf '%s\n' "$digest"
}
