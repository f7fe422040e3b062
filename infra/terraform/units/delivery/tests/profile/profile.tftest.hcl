# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/delivery.tfvars

mock_provider "aws" {
  source = "../../testing"
}

run "profile" {
  command = apply
}
