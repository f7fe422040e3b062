# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/notification.tfvars

mock_provider "aws" {
  source = "../../testing"
}

variables {
  artifact = { key = "notification.zip", version = "v1" }
}

run "profile" {
  command = apply
}
