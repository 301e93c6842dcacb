# Values for production.
region = "eu-west-1"
zones  = ["a", "b"]
tags = {
  owner = "ada"
}
