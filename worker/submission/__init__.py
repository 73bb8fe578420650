"""One job for each upload: the claim, the CreateJob request, and MediaConvert's API."""
