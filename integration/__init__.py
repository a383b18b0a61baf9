"""fno-link: which Finance & Operations environment a Dataverse organization is linked to."""
