# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/platform.tfvars

mock_provider "aws" {
  source = "../../testing"
}

variables {
  hosted_zone_id = "Z0123456789"
}

run "profile" {
  command = apply
}
