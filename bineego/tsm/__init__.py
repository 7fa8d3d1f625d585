"""The network: a temporal shift module on an image trunk, with an action head and a scene head."""
