"""The contract: what azmlinfsrv 1.5.1 says on the wire and in its log, asked of it and of everything that imitates it."""
