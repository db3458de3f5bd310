INSERT INTO ordinal_epoch (site, epoch) VALUES (:site, :epoch)
ON CONFLICT (site) DO UPDATE SET epoch = excluded.epoch
