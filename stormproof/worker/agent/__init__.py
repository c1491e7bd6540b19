"""The host agent: measures one machine and reports to Stormproof. Knows neither Django nor the database."""

from stormproof.worker.agent.run import AgentSettings, run_agent

__all__ = ["AgentSettings", "run_agent"]
