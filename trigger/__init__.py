"""Integer trigger: front end, images, network, decision and the physics that it reaches."""
