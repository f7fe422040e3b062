# Plan of this root module with a profile and a mocked provider, which `cargo checks` evaluates:
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
