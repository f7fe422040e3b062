# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
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
