# Plan of this root module with a profile and a mocked provider, which `cargo checks` evaluates:
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
