# Plan of this root module with a profile and a mocked provider, which `cargo checks` evaluates:
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/edge.tfvars

mock_provider "aws" {
  source = "../../testing"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../testing"
}

variables {
  hosted_zone_id = "Z0123456789"
  origin_secret  = "0123456789abcdef0123456789abcdef"
}

run "profile" {
  command = apply
}
