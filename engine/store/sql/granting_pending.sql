SELECT pending FROM granting
