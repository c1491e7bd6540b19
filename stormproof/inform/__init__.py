"""INFORM: decides what customers are told, where and when."""
