# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/payment.tfvars

mock_provider "aws" {
  source = "../../testing"
}

variables {
  artifact       = { key = "payment.zip", version = "v1" }
  relay_artifact = { key = "outbox-relay.zip", version = "v1" }
}

run "profile" {
  command = apply
}
