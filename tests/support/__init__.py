"""What tests of several rooms share: servers, corpora, endpoints, command lines."""
