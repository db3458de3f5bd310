SELECT epoch FROM ordinal_epoch WHERE site = :site
