# All of this unit as a profile makes it, with a mocked provider: what `cargo checks` holds the rules against.
#   terraform test -test-directory=tests/profile -var-file=../../profiles/prod/product.tfvars

mock_provider "aws" {
  source = "../../testing"
}

variables {
  image_digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "profile" {
  command = apply
}
