# Plan of this root module with a profile and a mocked provider, which `cargo checks` evaluates:
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/delivery.tfvars

mock_provider "aws" {
  source = "../../testing"
}

run "profile" {
  command = apply
}
