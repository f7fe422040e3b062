variable "http_api_id" {
  description = "The HTTP API that gets the routes."
  type        = string
}

variable "http_api_execution_arn" {
  description = "The API's ARN for invocations."
  type        = string
}

variable "authorizer_id" {
  description = "The API's JWT authoriser; null where no route needs a token."
  type        = string
}

variable "routes" {
  description = "Routes of the topology: `METHOD /path`, and the scopes of which a token needs one; null lets everybody in."
  type = list(object({
    route  = string
    scopes = list(string)
  }))

  validation {
    condition     = alltrue([for route in var.routes : try(length(route.scopes) > 0, true)])
    error_message = "An empty list of scopes would let every token in."
  }
}

variable "function" {
  description = "The function behind the routes; null if it is a service behind the load balancer."
  type = object({
    name       = string
    alias      = string
    invoke_arn = string
  })
  default = null
}

variable "load_balancer" {
  description = "The internal load balancer behind the routes, and the name in its certificate; null if it is a function. `emulated_url` is for emulators, which have no VPC links: never on AWS."
  type = object({
    vpc_link_id     = optional(string)
    listener_arn    = string
    tls_server_name = string
    emulated_url    = optional(string)
  })
  default = null
}

variable "timeout_ms" {
  description = "How long the API waits for an answer; 30 s is the most that it can."
  type        = number
  default     = 29000
}
