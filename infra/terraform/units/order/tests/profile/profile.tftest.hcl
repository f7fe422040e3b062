# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/order.tfvars

mock_provider "aws" {
  source = "../../testing"
}

variables {
  image_digest   = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  relay_artifact = { key = "outbox-relay.zip", version = "v1" }
}

run "profile" {
  command = apply
}
