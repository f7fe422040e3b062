# Plan of this root module with a profile and a mocked provider, which `cargo checks` evaluates:
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
