output "routes" {
  description = "The scopes of each route, as the API has them; null where everybody may come in."
  value = {
    for key, route in aws_apigatewayv2_route.this :
    key => route.authorization_type == "JWT" ? sort(route.authorization_scopes) : null
  }
}
